//! Facts and rules in, verdict and reason out. Pure: no I/O, and no idea how a verdict is carried out.
