"""Pages of projects and of the war map at the desk."""
