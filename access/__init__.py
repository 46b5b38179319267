"""Who is asking: applications, consent, access tokens and browser sessions, without any HTTP."""
