"""Whom posts can be about: the shipped catalogue, the user's own, how they are read and built."""

from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.catalogue.loading import CatalogueError, load_catalogue

__all__ = ["Catalogue", "CatalogueError", "Entity", "load_catalogue"]
