using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>A UDP socket that the shell has opened on one interface address.</summary>
/// <param name="Id">The shell's number for it, unique in one agent, 0 or more.</param>
/// <param name="Address">The bound address; never the wildcard address.</param>
/// <param name="Preference">Higher is preferred among sockets of one family, 0..127, for example wired before wireless.</param>
public readonly record struct LocalSocket(int Id, TransportAddress Address, int Preference = 0);
