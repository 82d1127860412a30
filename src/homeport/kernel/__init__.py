"""What both halves stand on: HTTP, storage, jobs, time, identity. It knows neither registries nor AWS."""
