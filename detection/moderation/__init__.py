"""People decide the hard cases. Their decision stands beside the machine's verdict and never over it."""
