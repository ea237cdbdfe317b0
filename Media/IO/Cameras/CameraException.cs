namespace MediaRelay.Media.IO.Cameras;

/// <summary>A camera that cannot be reached, refuses, or sends what cannot be used; the message is a sentence for the operator without secrets.</summary>
public sealed class CameraException : Exception
{
    public CameraException() { }

    public CameraException(string message) : base(message) { }

    public CameraException(string message, Exception inner) : base(message, inner) { }
}
