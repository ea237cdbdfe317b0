namespace MediaRelay.Signaling.IO.Storage;

/// <summary>A gateway's configuration document.</summary>
/// <param name="Version">Its version; also the entity tag.</param>
/// <param name="Content">The document.</param>
public sealed record GatewayConfiguration(string Version, ReadOnlyMemory<byte> Content);
