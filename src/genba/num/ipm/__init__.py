"""A primal-dual interior-point method for nonlinear programs; it knows no domain."""
