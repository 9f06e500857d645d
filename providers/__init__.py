"""WhatsApp gateways behind one Protocol."""
