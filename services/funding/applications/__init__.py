"""Loan applications (贷款申请): filed by enterprises, decided by banks, told by either side."""
