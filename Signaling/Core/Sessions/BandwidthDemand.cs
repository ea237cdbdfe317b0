namespace MediaRelay.Signaling.Sessions;

/// <summary>Bandwidth that an operator asks for on behalf of a home, for all of its traffic and for a while.</summary>
/// <param name="Id">Identifier; it becomes the gates' application reference.</param>
/// <param name="Address">The home as the operator's network knows it.</param>
/// <param name="UpBitsPerSecond">From the home; 0 for none.</param>
/// <param name="DownBitsPerSecond">To the home; 0 for none.</param>
/// <param name="Lasts">How long; the application manager lets go of the gates then, whatever happens to who asked.</param>
public sealed record BandwidthDemand(string Id, string Address, uint UpBitsPerSecond, uint DownBitsPerSecond, TimeSpan Lasts);
