//! How much a size or a count in a row counts, whatever the row says. An attacker with write access can write any number: none
//! counts less than nothing or more than anything of ours can be, so that no sum overflows and none is full for ever for one row.
//! Knows no table.

/// More than any letter, file or body is: 4 GiB.
pub(crate) const LARGEST: i64 = 1 << 32;

/// More than is counted of anything.
pub(crate) const MOST_COUNTED: i64 = 1_000_000_000;

/// What a number counts: between zero and `$most`.
macro_rules! clamped {
    ($number:literal, $most:literal) => {
        concat!(
            "CASE WHEN ",
            $number,
            " < 0 THEN 0 WHEN ",
            $number,
            " > ",
            $most,
            " THEN ",
            $most,
            " ELSE ",
            $number,
            " END"
        )
    };
}

/// The sum of all sizes, each at most [`LARGEST`].
macro_rules! sum_of_sizes {
    ($size:literal) => {
        concat!("CAST(coalesce(sum(", $crate::counted_size::clamped!($size, "4294967296"), "), 0) AS BIGINT)")
    };
}

/// What a count counts: at most [`MOST_COUNTED`].
macro_rules! counted {
    ($count:literal) => {
        $crate::counted_size::clamped!($count, "1000000000")
    };
}

pub(crate) use {clamped, counted, sum_of_sizes};

#[cfg(test)]
mod tests {
    use crate::counted_size::{LARGEST, MOST_COUNTED};
    use crate::engine::{empty, run};
    use crate::statement::sql;

    #[test]
    fn no_number_counts_less_than_nothing_or_more_than_can_be() {
        let rows = empty();
        let sum = concat!(
            "WITH sizes (size) AS (VALUES (?1), (?2), (?3), (7)) SELECT ",
            sum_of_sizes!("size"),
            ", CAST(sum(",
            counted!("size"),
            ") AS BIGINT) FROM sizes"
        );
        let asked = sql!(sum, i64::MIN, i64::MAX, i64::MAX);
        let mut row = run(&rows, &asked).unwrap().rows.pop().unwrap();
        assert_eq!(row.int().unwrap(), 2 * LARGEST + 7);
        assert_eq!(row.int().unwrap(), 2 * MOST_COUNTED + 7);
    }
}
