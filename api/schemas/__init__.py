"""The contract in marshmallow: what requests may hold, and what every entity looks like."""
