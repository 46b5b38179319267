"""What moderators and administrators do through the API (`/api/v1|v2/admin/`); `policy.roles` decides who may what."""
