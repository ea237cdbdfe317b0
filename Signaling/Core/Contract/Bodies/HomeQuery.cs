namespace MediaRelay.Signaling.Contract;

/// <summary>Query Home Domain: which devices and which of their properties.</summary>
/// <param name="Filter"><c>all</c>, <c>partition</c> or <c>type</c>.</param>
/// <param name="Partition">The partition, for that filter.</param>
/// <param name="Type">The device type, for that filter.</param>
/// <param name="Fields">Property names; none means all.</param>
public sealed record HomeQuery(string Filter, byte? Partition, string? Type, IReadOnlyList<string> Fields) : MessageBody;
