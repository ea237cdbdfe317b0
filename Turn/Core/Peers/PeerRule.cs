namespace MediaRelay.Turn.Peers;

/// <summary>One operator exception to the peer policy. The rule with the longest prefix decides; of two equal ones the denying.</summary>
/// <param name="Prefix">Which peer addresses.</param>
/// <param name="IsAllowed">Open or close them.</param>
/// <param name="Kinds">For which credentials; a denying rule should keep the default, all.</param>
public readonly record struct PeerRule(PeerPrefix Prefix, bool IsAllowed, CredentialKinds Kinds = CredentialKinds.All);
