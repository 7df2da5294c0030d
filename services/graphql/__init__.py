"""The API: GraphQL over HTTP and WebSocket, addresses for lead sources, health. The edge of the house."""
