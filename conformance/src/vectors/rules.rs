//! Where ours differs from the original on purpose.

/// A difference that is meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Short name.
    pub name: &'static str,
    /// What the original does, and why that is not copied.
    pub reason: &'static str,
    /// What ours does instead.
    pub ours: &'static str,
}

macro_rules! rules {
    ($($name:ident: $reason:literal, $ours:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule { name: stringify!($name), reason: $reason, ours: $ours };)*

        /// All of them.
        pub const RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    WITH_THE_WIRE: "The case is about servers and clients, which come with the node on the wire.", "Not there yet.";

    BELOW_ZERO: "Prices, rounds, blocks, numbers of tickets or amounts below zero are taken where nothing means them.",
        "Units have no sign: such a value cannot be made, and a message with one is refused.";
    BEYOND_64_BITS: "A number of more than 64 bits keeps its low bits, so that a price or a count becomes another one.",
        "It is refused, or stays at the highest value.";
    NIL: "A missing value has no answer there.",
        "It is an error like any other.";
    TEXT_SIZES: "A size that is no text of two numbers is an error of its own there.",
        "Sizes are numbers wherever one is reckoned with; the text is read once, where it comes in.";
    ASKED_OUTSIDE: "A stand-in for the chain or the clock fails in the middle of a function that asks it.",
        "The chain is read before the function is called: it is given what it needs.";
    FLOAT_BELOW_ZERO: "With a float below zero even tickets of no value, which cost nothing, are refused.",
        "A float below zero counts as none.";
    EV_ABOVE_FACE_VALUE: "An expected value above the face value has no probability; the product is kept all the same.",
        "The highest probability is as good as it gets.";
    NONCE_WRAP: "The numbers of tickets begin anew after the last one of 32 bits.",
        "The gateway asks for new parameters instead.";
    PRICE_OF_SESSION: "The price of a session is fixed by another of its payments.",
        "The first payment with tickets fixes it, and nothing else does.";
    PAYMENT_TEXT: "An error adds a dump of the whole message, or its text is that of a stand-in for the chain.",
        "The text names what is wrong.";
    RECIPIENT_OF_PAYMENT: "Whether a recipient is active is asked of whoever the tickets name.",
        "Tickets that name somebody else are refused as such.";
    TWICE_QUEUED: "A winning ticket that comes twice is queued twice.", "Once.";
    PAID_IN_FULL: "A redemption is tried although deposit and reserve do not hold the face value.",
        "The contract pays in full or not at all: the ticket waits.";
    USED_AND_WORTHLESS: "A ticket that is not worth a transaction is looked up on the chain first.",
        "It is not looked up.";
    FAILED_ON_CHAIN: "A ticket whose transaction failed on chain is given up at once.",
        "It is tried again: the reason may pass. After three failures it is given up.";
    HEAD_OF_QUEUE: "A ticket that cannot be redeemed yet is looked at as often as tickets are queued, and holds up all behind it.",
        "Each ticket is looked at once, and none waits for another.";
    WHOLE_TICKETS: "A value of tickets below zero, or none, makes a number of tickets below zero or none at all.",
        "Without a value above zero no tickets are made.";
    MORE_THAN_A_DOUBLE: "A cost of more tickets than a double holds is paid with one for each second of the job's time-out.",
        "It is paid with as many as a recipient takes, like any cost that is too high.";
    FIRST_PRICE_STAYS: "The store of balances takes any price at any time; its callers see to it that the first one stays.",
        "The store itself keeps the first price.";
    NAME_AFTER_SIGNATURE: "A rendition without a name is signed under the empty one and sent under one that is made up: its receiver refuses the segment.",
        "The name is made up first, and signed.";
    BEYOND_31_BITS: "A length, a bit rate or a distance of keyframes of more than 31 bits is sent as another one, even below zero.",
        "A length or distance is sent as the longest there is, which receivers refuse; a bit rate is an error.";
    BEYOND_ANY_STREAM: "A distance of keyframes that is no number of seconds becomes one far below zero, which is none of the codes; a rate of frames beyond 32 bits loses its high ones once it is sent.",
        "It is refused where it comes in.";
    SHORT_GOP: "A distance of keyframes below a millisecond is sent as none, in the field of those that have one.",
        "It is none.";
    UNPRICED: "An orchestrator without a price is not provided for there.",
        "It is never drawn.";
    SPOKEN_BYTES: "A gateway pays for the bytes of a text that is to be spoken, and an orchestrator debits a thousand units for each of its characters.",
        "The gateway pays what is debited.";
    MADE_UP_MEDIA_TYPE: "The media type of an ending is whatever the machine's own tables say.",
        "It is the same on all machines.";
    SIGN_IN_THE_MIDDLE: "An amount below zero gets its sign among the zeros behind the point.", "The sign stands in front.";
}
