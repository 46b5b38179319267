"""What requests may hold, in marshmallow; what is answered is described in `api.answers`."""
