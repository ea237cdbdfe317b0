namespace MediaRelay.Turn;

/// <summary>When Allocate requests are answered 300 with ALTERNATE-SERVER.</summary>
public enum RedirectMode : byte
{
    /// <summary>Only while draining.</summary>
    WhenDraining,

    /// <summary>While draining and when this node is at its capacity.</summary>
    WhenFull,

    /// <summary>Always: this node only distributes clients.</summary>
    Always,
}
