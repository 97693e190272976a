namespace Staithe.Tests.Harness;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string File(string path) => Path.Combine(Root, path);

    static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(directory.FullName, "Staithe.slnx")))
            directory = directory.Parent ?? throw new InvalidOperationException("the tests run outside of their checkout");
        return directory.FullName;
    }
}
