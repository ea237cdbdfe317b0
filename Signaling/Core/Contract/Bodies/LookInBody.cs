namespace MediaRelay.Signaling.Contract;

/// <summary>Tells the home that somebody looks in, for the banner and the privacy light.</summary>
/// <param name="Session">The media session.</param>
/// <param name="Actor">Who, in words for the home owner.</param>
/// <param name="Purpose">Why.</param>
/// <param name="Cameras">Which cameras.</param>
public sealed record LookInBody(string Session, string? Actor, string? Purpose, IReadOnlyList<string> Cameras) : MessageBody;
