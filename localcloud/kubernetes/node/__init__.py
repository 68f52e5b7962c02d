"""The embedded node: containerd, kubelet and kube-proxy beside the control plane, in namespaces of their own."""
