namespace MediaRelay.Tests.Support;

/// <summary>A hot path allocated although it must not.</summary>
public sealed class AllocationException : Exception
{
    public AllocationException(string message) : base(message) { }

    public AllocationException(string message, Exception inner) : base(message, inner) { }

    public AllocationException() { }
}
