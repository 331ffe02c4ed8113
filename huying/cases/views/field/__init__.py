"""The field: the phone of grid workers, and of clerks who go out."""
