"""One module per layer family: what each layer puts out, which weights it has, and which inputs it refuses."""
