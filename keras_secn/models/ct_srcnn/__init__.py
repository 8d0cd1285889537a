"""CT-SRCNN (Ren et al., WACV 2018)."""
