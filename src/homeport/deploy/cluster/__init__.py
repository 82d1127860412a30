"""Speaking to a cluster's API server, with nothing but HTTP and a kubeconfig."""
