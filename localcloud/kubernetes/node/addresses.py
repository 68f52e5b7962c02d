"""The addresses inside the node's network namespace, which no other namespace sees."""

NODE = "10.88.0.1"
NODE_NETWORK = f"{NODE}/24"
PODS = "10.244.0.0/16"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"  # the first of SERVICES, which Kubernetes gives to its API
DNS_SERVICE = "10.96.0.10"
API_PORT = 6443
METRICS_PORT = 4443
NAME = "laptop"
"""Of the node."""
AWS_PORT = 4566
"""Where pods find the embedded AWS: http://aws.localhost:4566. Its servers answer to names below localhost alone."""
