namespace MediaRelay.Tests.Support;

/// <summary>A fuzz target failed; the message carries everything needed to repeat it.</summary>
public sealed class FuzzException : Exception
{
    public FuzzException(string message) : base(message) { }

    public FuzzException(string message, Exception inner) : base(message, inner) { }

    public FuzzException() { }
}
