"""The web application: pages for people and a REST interface for programs."""
