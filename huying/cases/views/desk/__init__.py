"""The desk: where staff take in, dispatch, handle, check, call back and supervise."""
