using Staithe.Content;

namespace Staithe.Files;

/// <summary>A file by which a package system knows what is installed.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Has">Whether the image has a path, told from the directory of the file: what is only planned is not installed.</param>
internal readonly record struct PackageFile(byte[] Content, Func<string, bool> Has);

/// <summary>Reads such a file: the packages that are installed, or null when the file is not what its name says.</summary>
internal delegate IEnumerable<PackageRow>? PackageReader(PackageFile file);
