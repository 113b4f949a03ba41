"""Self-tests (自评): dossiers in, verdicts out, nothing stored; useful with half a dossier."""
