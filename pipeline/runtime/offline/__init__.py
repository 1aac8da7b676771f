"""The stages over files, without a broker."""
