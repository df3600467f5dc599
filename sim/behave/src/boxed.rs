//! Copies of policies behind a box.

/// Makes boxes of policies that can be copied.
macro_rules! boxed {
    ($($policy:ident),*) => {$(
        impl Clone for Box<dyn $policy> {
            fn clone(&self) -> Self {
                self.boxed()
            }
        }
    )*};
}

pub(crate) use boxed;
