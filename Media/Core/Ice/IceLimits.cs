namespace MediaRelay.Media.Ice;

/// <summary>Limits that keep checks from being aimed at third parties and memory bounded.</summary>
/// <param name="Pairs">Most candidate pairs per session.</param>
/// <param name="RemoteCandidates">Most candidates taken from the peer, peer-reflexive ones included.</param>
/// <param name="SendsPerPair">Most sends of one check, the first included (STUN's Rc).</param>
/// <param name="EarlyChecks">Checks remembered before the peer's credentials are known.</param>
public sealed record IceLimits(int Pairs = 100, int RemoteCandidates = 40, int SendsPerPair = 7, int EarlyChecks = 8);
