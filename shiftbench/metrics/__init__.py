"""Numbers that judge a prediction: arrays in, one number out, or one number a bootstrap replicate; `table` names them.

Every metric takes rows (n,) and optionally `weights` (B, n), how often each replicate drew each row. Without
weights it gives a float, with them float64 (B,), NaN in replicates where it does not exist. A metric that does not
exist for the rows themselves raises `Undefined`, whose text is the reason.
"""
