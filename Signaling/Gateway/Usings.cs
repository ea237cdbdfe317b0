global using MediaRelay.Signaling.Contract;
global using MediaRelay.Signaling.Events;
global using MediaRelay.Signaling.Gateways;
