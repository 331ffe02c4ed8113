"""The pages of leaders: few numbers, each of which opens its rows."""
