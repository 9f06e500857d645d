"""What people run Relance with in earnest: the image, the compose file, and how both reach a Temporal."""
