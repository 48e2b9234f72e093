"""How answers look: the only place that formats what people read."""
