"""The commands of `tertulia`, a module a group."""
