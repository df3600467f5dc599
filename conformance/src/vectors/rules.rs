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
        "The first payment that brings a good ticket fixes it, and nothing else does.";
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

/// What Weir's nodes decide otherwise where no case is about it, and why.
pub(crate) const OWN: &[(&str, &str)] = &[
    (
        "The last nonce of each set of ticket parameters is stored before its tickets leave, until the parameters hold no \
         longer.",
        "A gateway that was restarted, or is handed the same parameters again, signs no nonce twice.",
    ),
    (
        "A payment names a price that was quoted for that very work, by parameters that still hold, or none below the \
         present one.",
        "What a model costs is up to its orchestrator alone.",
    ),
    (
        "The price of a model holds as long as the parameters that it was quoted with.",
        "A change of prices reaches gateways that are known already.",
    ),
    (
        "A session is served while its credit covers what is in work, and a ticket more.",
        "No more than one segment is ever worked on credit, however many are sent at a time.",
    ),
    (
        "A job that is refused or fails gives its place back at once.",
        "Places that are not given back are lost until a restart.",
    ),
    (
        "When a paid job fails, the gateway keeps the credit in its book.",
        "The orchestrator has the credit and took nothing of it: the next job needs no new tickets.",
    ),
    (
        "A gateway looks for orchestrators once for a job that nobody is there for, and answers what was missing.",
        "Looking again at once finds nobody either, and whoever waits learns nothing from silence.",
    ),
    (
        "Only a fault makes an orchestrator rest: want of room, a broken line, the gateway's own money and a bad input \
         do not.",
        "Good orchestrators stay in the pool.",
    ),
    (
        "A payment for a live session that was not answered within 15 s, or not taken, is made up for by the next one.",
        "A minute is paid ahead, and bears the loss of a payment or two; one that is lost and not made up for shortens \
         it for good.",
    ),
    ("A live session without input for five minutes ends and gives its place back.", "Its gateway is gone."),
    (
        "A gateway that leaves an orchestrator in the middle of a live session tells it so.",
        "Its channels and its model are free at once.",
    ),
    (
        "Work that a worker had taken when it left is done by another one.",
        "The gateway does not notice that a worker is gone. One that takes too long is left as well, and its work is not \
         done again: the gateway has given up by then.",
    ),
    (
        "A remote signer signs nothing, and uses no nonce, before its webhook has agreed; refuses states older than the \
         last it signed; and has payments stored before they leave.",
        "A refusal costs nothing, and no balance is spent twice.",
    ),
    (
        "Face values stay within the gateway's deposit, follow the measured cost of redemptions, and are asked for \
         through a spike of the gas price.",
        "A lower face value wins more often and is worth the same: nobody is turned away who can pay.",
    ),
    (
        "Winning tickets are stored when they win, are redeemed without waiting for each other or for their sender, and \
         wait for a round that nobody has initialised.",
        "They are money.",
    ),
    (
        "What a scenario says of tickets, payments and deposits is checked before it runs.",
        "Values that do not fit each other stop sessions in the middle of work.",
    ),
];
