"""What people do with projects: one function for each verb, used by pages, API, jobs and imports alike."""
