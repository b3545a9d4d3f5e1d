"""Who may work on a project, who fits best, and why: hard requirements in SQL, a ranked score with its reasons."""
