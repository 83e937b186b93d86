"""What Snakemake does not do, or not rightly: locks, polling, records of failed jobs, a GPU for each job."""
