"""Who may see and do what at the center: accounts with roles and a scope, throttled sign-in, the audit log."""
