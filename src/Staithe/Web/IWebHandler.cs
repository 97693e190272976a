namespace Staithe.Web;

/// <summary>What answers under some paths of the face for people.</summary>
internal interface IWebHandler
{
    /// <summary>Whether the path, as the client wrote it, is one of its own.</summary>
    bool Takes(string path);

    /// <summary>Answers. A POST has a form whose token was checked.</summary>
    Task HandleAsync(Visit visit);
}
