"""The data plane of API Gateway: REST and HTTP APIs answer by host name, as their configuration says."""
