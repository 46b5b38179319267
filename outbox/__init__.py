"""What our accounts tell the world: publishing, recipients and delivery."""
