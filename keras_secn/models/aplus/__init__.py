"""A+ (Timofte et al., ACCV 2014)."""
