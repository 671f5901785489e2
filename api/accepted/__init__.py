"""The register of accepted exceptions: who accepted which finding, why, and until when."""
