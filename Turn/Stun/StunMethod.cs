namespace MediaRelay.Stun;

/// <summary>Methods of the IANA registry "STUN Methods"; other values survive a read.</summary>
public enum StunMethod : ushort
{
    Binding = 0x001,
    SharedSecret = 0x002,
    Allocate = 0x003,
    Refresh = 0x004,
    Send = 0x006,
    Data = 0x007,
    CreatePermission = 0x008,
    ChannelBind = 0x009,
    Connect = 0x00A,
    ConnectionBind = 0x00B,
    ConnectionAttempt = 0x00C,
    GooglePing = 0x080,
}
