namespace MediaRelay.Stun;

/// <summary>IANA registry "STUN Password Algorithms" (RFC 8489 section 18.5); other values survive a read.</summary>
public enum PasswordAlgorithm : ushort
{
    None = 0,
    Md5 = 1,
    Sha256 = 2,
}
