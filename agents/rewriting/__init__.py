"""The rewriter: from a conversation to what the search should look for, judged by what it then finds."""
