"""Catalogue of entities: the shipped one and the user's own, loaded, checked and built."""

from pipeline.enrich.catalogue.entities import Catalogue, Entity
from pipeline.enrich.catalogue.loading import CatalogueError, load_catalogue

__all__ = ["Catalogue", "CatalogueError", "Entity", "load_catalogue"]
